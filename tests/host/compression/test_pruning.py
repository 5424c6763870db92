"""Pruning from a trained run to a container: the schedule, the zeros, the epoch that is kept, the file."""



