"""Reading a .tflite file: what is really in it, from the flatbuffer and from the runtime."""
