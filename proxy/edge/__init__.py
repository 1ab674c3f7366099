"""The data plane: two protocols over llhttp that meet in an exchange. It may touch sockets and nothing else."""
