package config

import "github.com/hashicorp/hcl/v2/hclwrite"

// Format lays a native configuration out in the canonical way. What is not valid keeps its tokens.
func Format(src []byte) []byte { return hclwrite.Format(src) }
