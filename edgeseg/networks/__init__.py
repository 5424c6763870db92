"""Network families: configuration, layers as plain data, costs and presets."""
