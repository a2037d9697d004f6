locals { # no app block either
  x = 1
}
