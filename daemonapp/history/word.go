package history

import "github.com/peakd/peakd/daemonapp"

// Kind says what an entry tells of, in a fixed word.
type Kind string

// Run is the kind of an entry that tells of a run, or of several idle ones in a row. The others are the words of
// [daemonapp.Kind], and Dropped.
const (
	Run     Kind = "run"
	Dropped Kind = "dropped"
)

// How a run ended, beside the words of the outcomes: it never did, as the host died or peakd was killed.
const lost = "lost"

// word is what an entry tells, as the file has it. The numbers never change their meaning.
type word uint8

const (
	wordWorked    word = 1
	wordMore      word = 2
	wordIdle      word = 3
	wordFailed    word = 4
	wordCancelled word = 5
	wordLost      word = 6

	wordHeld            word = 20
	wordMissed          word = 21
	wordSkipped         word = 22
	wordDisarmed        word = 23
	wordArmed           word = 24
	wordPaused          word = 25
	wordResumed         word = 26
	wordTriggered       word = 27
	wordCancel          word = 28
	wordUnstuck         word = 29
	wordChildrenRefused word = 30
	wordReloaded        word = 31
	wordRefused         word = 32
	wordStarted         word = 33
	wordDraining        word = 34
	wordCancelling      word = 35
	wordStopped         word = 36
	wordDropped         word = 37
)

// meaning is a word spelled out. What is lasting is kept as long as failed runs are.
type meaning struct {
	word    word
	kind    Kind
	outcome string
	lasting bool
}

// meanings are all of them, those of runs first.
func meanings() []meaning {
	return []meaning{
		{wordWorked, Run, "worked", false},
		{wordMore, Run, "more", false},
		{wordIdle, Run, "idle", false},
		{wordFailed, Run, "failed", true},
		{wordCancelled, Run, "cancelled", false},
		{wordLost, Run, lost, true},
		{wordHeld, kind(daemonapp.Held), "", false},
		{wordMissed, kind(daemonapp.Missed), "", false},
		{wordSkipped, kind(daemonapp.Skipped), "", true},
		{wordDisarmed, kind(daemonapp.DaemonDisarmed), "", true},
		{wordArmed, kind(daemonapp.DaemonArmed), "", true},
		{wordPaused, kind(daemonapp.DaemonPaused), "", true},
		{wordResumed, kind(daemonapp.DaemonResumed), "", true},
		{wordTriggered, kind(daemonapp.Triggered), "", true},
		{wordCancel, kind(daemonapp.CancelWanted), "", true},
		{wordUnstuck, kind(daemonapp.Unstuck), "", true},
		{wordChildrenRefused, kind(daemonapp.ChildrenRefused), "", true},
		{wordReloaded, kind(daemonapp.Reloaded), "", true},
		{wordRefused, kind(daemonapp.ReloadRefused), "", true},
		{wordStarted, kind(daemonapp.AppStarted), "", true},
		{wordDraining, kind(daemonapp.Draining), "", true},
		{wordCancelling, kind(daemonapp.Cancelling), "", true},
		{wordStopped, kind(daemonapp.AppStopped), "", true},
		{wordDropped, Dropped, "", true},
	}
}

func kind(k daemonapp.Kind) Kind { return Kind(k.String()) }

// Kinds are all kinds there are.
func Kinds() []Kind {
	kinds := []Kind{Run}
	for _, m := range meanings() {
		if m.kind != Run {
			kinds = append(kinds, m.kind)
		}
	}
	return kinds
}

// Outcomes are the words for how a run ended: worked, more, idle, failed, cancelled, and lost for one that never did.
func Outcomes() []string {
	var list []string
	for _, m := range meanings() {
		if m.kind == Run {
			list = append(list, m.outcome)
		}
	}
	return list
}

// meaningOf spells a word out; one that a later version wrote is told by nothing.
func meaningOf(w word) meaning {
	for _, m := range meanings() {
		if m.word == w {
			return m
		}
	}
	return meaning{word: w}
}
