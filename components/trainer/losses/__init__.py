"""What training minimises: whole-catalogue softmax, or TFRS's retrieval task over a pool."""
