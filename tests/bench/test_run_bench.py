"""The whole bench, on real files and in real child processes."""



