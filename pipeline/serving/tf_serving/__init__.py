"""The files with which TF Serving serves a pushed model, in Docker Compose or Kubernetes."""
