"""The durable truth: instances, pictures, features, change log and access keys."""
