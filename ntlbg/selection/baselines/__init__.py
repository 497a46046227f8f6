"""The rules that every comparison shows: uniform, random, relevance with suppression, k-medoids."""
