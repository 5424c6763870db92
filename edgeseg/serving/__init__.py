"""A local web page that shows what a network finds, live: the rest of `edgeseg serve`."""
