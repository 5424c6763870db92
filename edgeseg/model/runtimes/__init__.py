"""What a .tflite file is run by. `registry` is the way in; a runtime is one module here, named there."""
