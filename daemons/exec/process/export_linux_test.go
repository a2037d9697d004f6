package process

// ParseStat reads group and session of a process.
func ParseStat(text []byte) (group, session int, ok bool) {
	st, ok := parseStat(1, text)
	return st.group, st.session, ok
}
