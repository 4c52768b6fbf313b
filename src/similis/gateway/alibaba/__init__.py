"""The wire protocol of the cloud service, all four generations, and its upload flow."""
