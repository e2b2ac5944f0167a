"""Operations wired together: scalar expression graphs and networks, with their order forwards and back."""
