"""Theory of the trade-off between spatial and adversarial robustness."""
