"""The training losses: softmax over the whole catalogue, or losses over sampled negatives."""
