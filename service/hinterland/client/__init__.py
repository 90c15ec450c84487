"""Client of the service: submit, watch and download, from a program or a notebook."""
