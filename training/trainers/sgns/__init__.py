"""Skip-gram with negative sampling: the kernel, walled off. Arrays and numbers in, arrays out."""
