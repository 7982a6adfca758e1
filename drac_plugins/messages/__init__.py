"""What the portal shows to everybody: the group `/messages` of ICAT+."""
