"""A development server for pushed models, with the REST and gRPC interfaces of TF Serving."""
