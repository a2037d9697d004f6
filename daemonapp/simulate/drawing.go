package simulate

type drawing struct{}
