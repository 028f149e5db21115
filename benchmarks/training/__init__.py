"""Speed of training, compared with a TFRS trainer as in its tutorials and with RecTools' SASRec."""
