"""The commands of `twotower`.

`pipeline.cli` declares the arguments of a command `x` and calls `x_command` in the module `x` of
this package. These modules import TensorFlow, TFX and Beam, so `pipeline.cli` imports them only
when their command runs. The other modules here are parts of one command, named after it, or parts
that several commands share.
"""
