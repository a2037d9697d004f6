package process

// Living are the processes of a session.
func Living(id int) []int { return session{id: id}.living() }
