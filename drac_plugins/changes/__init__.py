"""What has changed since, for front ends."""
