"""What networks are trained for. `registry` is the way in; a task is one module here, named there."""
