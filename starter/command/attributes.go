package command

import (
	"context"
	"fmt"
	"slices"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"vlroles/workflows"
)

// attributes are the search attributes that the workflows set.
var attributes = []temporal.SearchAttributeKey{
	workflows.OrganizationAttribute, workflows.RequestAttribute, workflows.UserAttribute,
	workflows.DueAttribute, workflows.StatusAttribute,
}

// AddAttributes registers the search attributes that the namespace lacks, and returns their names in order. One that
// exists with another type is an error.
func AddAttributes(ctx context.Context, t client.Client, namespace string) ([]string, error) {
	known, err := t.OperatorService().ListSearchAttributes(ctx, &operatorservice.ListSearchAttributesRequest{Namespace: namespace})
	if err != nil {
		return nil, fmt.Errorf("list search attributes: %w", err)
	}
	names, missing, err := missingAttributes(known.GetCustomAttributes())
	if err != nil || len(names) == 0 {
		return names, err
	}
	_, err = t.OperatorService().AddSearchAttributes(ctx, &operatorservice.AddSearchAttributesRequest{
		SearchAttributes: missing, Namespace: namespace,
	})
	if err != nil {
		return nil, fmt.Errorf("add search attributes: %w", err)
	}
	return names, nil
}

func missingAttributes(known map[string]enumspb.IndexedValueType) (names []string, missing map[string]enumspb.IndexedValueType, err error) {
	missing = map[string]enumspb.IndexedValueType{}
	for _, a := range attributes {
		name, want := a.GetName(), a.GetValueType()
		have, ok := known[name]
		if ok && have != want {
			return nil, nil, fmt.Errorf("search attribute %s has the type %s, and must have %s", name, have, want)
		}
		if !ok {
			missing[name] = want
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, missing, nil
}
