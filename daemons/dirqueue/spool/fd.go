package spool

// FD is the descriptor of the directory, for a watch to be set on; it is closed with the queue, and is another one after
// Compact.
func (q *Queue) FD() int { return q.fd }
