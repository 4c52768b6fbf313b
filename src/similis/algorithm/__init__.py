"""Picture bytes in; category, subject region and features out. Keeps nothing."""
