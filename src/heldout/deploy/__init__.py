"""Taking a trained model elsewhere: bundles of plain data, and prediction from them."""
