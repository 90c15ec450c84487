"""The gRPC server: it authorises, validates, keeps and tells; what takes long is done by other processes."""
