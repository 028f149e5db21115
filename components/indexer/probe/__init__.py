"""The exported model, loaded and called in a fresh process."""
