"""Many clients write at once, fail, are cut off and killed, while others read: nothing is lost or half done."""
