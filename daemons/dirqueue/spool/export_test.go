package spool

// Die leaves everything as the end of the process would.
func (q *Queue) Die() {
	for _, s := range q.slots {
		s.endAll()
		s.closeFolders()
		_ = s.lock.Close()
	}
	q.deferred.forget()
	q.closeDone()
	q.abandon()
}

// OnSync calls check before each sync, which fails with its error.
func (q *Queue) OnSync(check func() error) { q.disk = checked(q.disk, check) }

// OnSync is the same for a producer.
func (p *Producer) OnSync(check func() error) { p.disk = checked(p.disk, check) }

func checked(d disk, check func() error) disk {
	with := func(sync func(int) error) func(int) error {
		return func(fd int) error {
			if err := check(); err != nil {
				return err
			}
			return sync(fd)
		}
	}
	return disk{sync: with(d.sync), syncAll: with(d.syncAll)}
}

// ExpectDoubles treats the file system as one that may leave a file in two states.
func (q *Queue) ExpectDoubles() { q.twice = true }

// NameEarly makes a producer do as where there are no files without names.
func (p *Producer) NameEarly() { p.newTemp = newNamedTemp }

// Spare is the name of the directory that takes the queue's place.
func (q *Queue) Spare() string { return q.spare() }

// Bloated makes any size of the directory count as too large.
func (q *Queue) Bloated() { q.bloat = 0 }

// Encode and DecodeFailure are what is written of a failure.
func (f Failure) Encode() []byte { return f.encode() }

// DecodeFailure is the inverse of Encode.
func DecodeFailure(text []byte) Failure { return decodeFailure(text) }

// Folders in names.
var (
	Variant    = variant
	FailedName = failedName
)

// ParseTally is the name of a folder, and whether it is one.
func ParseTally(s string) (string, bool) {
	t, ok := parseTally(s)
	return t.String(), ok
}

// ParseBucket is the same for buckets.
func ParseBucket(s string) (string, bool) {
	due, ok := parseBucket(s)
	return bucketName(max(due, 0)), ok
}
