"""The spiders: configuration in, requests and items out."""
