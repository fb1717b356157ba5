"""Writing GGUF: `convert` (a model folder to 16 bit) and `quantize` (16 bit to fewer), with what they are made of."""
