// Package control is how people and programs look at a running app and steer it: a JSON API over a unix socket, and its
// client.
//
// Who may do what is decided by the credentials that the kernel tells of the process at the other end of a connection,
// taken at the moment it connects; see [Options]. Every act is recorded with who did it, as the app's events have it.
//
// The server has two halves. A [Feed] is the observer of the app: it hands events and lines of output to those who
// follow them and tells those who wait that a run has ended; with nobody there it costs two atomic loads an event. A
// [Server] owns the socket and answers requests. The pages of the API are docs/api.md.
package control
