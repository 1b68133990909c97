"""An invented retailer whose year can be drawn again: how its customers come, walk, buy and ask."""
