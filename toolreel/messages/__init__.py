"""What a message is: values and lossless codecs; imports nothing above it."""
