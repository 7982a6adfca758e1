"""From announced messages and files to catalogue entities: once, whole, whatever the order."""
