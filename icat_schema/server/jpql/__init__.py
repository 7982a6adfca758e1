"""The query languages of ICAT 5: text to tree, tree to text, tree to SQL."""
