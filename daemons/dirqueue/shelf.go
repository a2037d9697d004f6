package dirqueue

import (
	"go.uber.org/zap"

	"github.com/peakd/peakd/daemons/dirqueue/spool"
)

// shelved is what the queue of a directory leaves that has lost its name to another, or has got another name, until the queue
// of the new name comes for it.
type shelved struct {
	legacy *bequest
	name   string // the earlier one
	missed int    // in so many scans in a row nobody came
}

// shelve keeps what the queue of a directory leaves.
func (m *Manager) shelve(name string, c *child) {
	legacy := m.types.living.bequest(c.fullName, c.id)
	if legacy == nil && c.legacy != nil { // it has not begun, and has inherited itself
		legacy = &bequest{}
		c.legacy.pass(legacy)
	}
	if legacy == nil {
		return
	}
	if other := m.shelf[c.id]; other != nil { // a scan may meet a directory under both names, and give each a queue
		other.legacy.giveUp()
	}
	m.shelf[c.id] = &shelved{legacy: legacy, name: name}
}

// follow has the queue of a directory that was renamed go on where that of its earlier name ends.
func (m *Manager) follow(d directory, queue *Queue) *bequest {
	was := m.shelf[d.id]
	if was == nil {
		return nil
	}
	delete(m.shelf, d.id)
	m.env.Log.Info("renamed", zap.String("directory", d.name), zap.String("was", was.name))
	queue.legacy = was.legacy
	return was.legacy
}

// clearShelf gives up what nobody has come for in so many scans, and what nobody will come for: a scan that met a directory under
// both names has given it the second queue already.
func (m *Manager) clearShelf() {
	if len(m.shelf) == 0 {
		return
	}
	served := make(map[spool.Identity]bool, len(m.queues))
	for _, c := range m.queues {
		served[c.id] = true
	}
	for id, s := range m.shelf {
		if s.missed++; s.missed >= m.settings.GoneAfter || served[id] {
			s.legacy.giveUp()
			delete(m.shelf, id)
		}
	}
}
