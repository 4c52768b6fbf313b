"""HTTP: the native REST API and the console."""
