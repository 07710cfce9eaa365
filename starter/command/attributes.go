package command

import (
	"context"
	"fmt"
	"maps"
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

// AddAttributes registers the search attributes that the namespace lacks, and returns their names in order.
// One that exists with another type is an error.
func AddAttributes(ctx context.Context, t client.Client, namespace string) ([]string, error) {
	known, err := t.OperatorService().ListSearchAttributes(ctx,
		&operatorservice.ListSearchAttributesRequest{Namespace: namespace})
	if err != nil {
		return nil, fmt.Errorf("list search attributes: %w", err)
	}
	missing, err := missingAttributes(known.GetCustomAttributes())
	names := slices.Sorted(maps.Keys(missing))
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

// types are the types of search attributes by name.
type types = map[string]enumspb.IndexedValueType

func missingAttributes(known types) (types, error) {
	missing := types{}
	for _, a := range attributes {
		name, want := a.GetName(), a.GetValueType()
		have, ok := known[name]
		if ok && have != want {
			return nil, fmt.Errorf("search attribute %s has the type %s, and must have %s", name, have, want)
		}
		if !ok {
			missing[name] = want
		}
	}
	return missing, nil
}
