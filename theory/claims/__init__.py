"""The claims of the paper, each as an object that checks itself."""
