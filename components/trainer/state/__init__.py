"""The weights of a training with their vocabularies, from which another training can start."""
