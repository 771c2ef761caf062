// Access across accounts from a Go program: both halves at once, each account's half by itself, and
// many accounts.
package main

import (
	"github.com/cross-account-access/cross-account-access/sdk/go/crossaccountaccess"
	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws"
	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		people, err := account(ctx, "people")
		if err != nil {
			return err
		}
		production, err := account(ctx, "production")
		if err != nil {
			return err
		}
		alice, err := iam.NewUser(ctx, "alice", nil, pulumi.Provider(people))
		if err != nil {
			return err
		}

		// Both halves.
		team, err := crossaccountaccess.NewCrossAccountAccess(ctx, "team", &crossaccountaccess.CrossAccountAccessArgs{
			SourceProvider:      people,
			DestinationProvider: production,
			Grants: map[string]crossaccountaccess.GrantArgs{
				"read-only": {
					// A name that is an Output needs a plain label: resources are called by it.
					Principals: []crossaccountaccess.PrincipalArgs{{User: alice.Name, Label: pulumi.StringRef("alice")}},
					Role:       &crossaccountaccess.RoleSettingsArgs{ManagedPolicies: []string{"ReadOnlyAccess"}},
					Conditions: &crossaccountaccess.ConditionsArgs{Mfa: pulumi.BoolRef(true)},
				},
			},
		})
		if err != nil {
			return err
		}

		// The same by each account's own half.
		audit, err := crossaccountaccess.NewTrustedRole(ctx, "audit", &crossaccountaccess.TrustedRoleArgs{
			SourceAccountId: pulumi.String("111111111111"),
			Principals: []crossaccountaccess.PrincipalArgs{
				{Arn: alice.Arn, UniqueId: alice.UniqueId, Label: pulumi.StringRef("alice")},
			},
			Role: &crossaccountaccess.RoleSettingsArgs{
				Name:            pulumi.StringRef("audit"),
				ManagedPolicies: []string{"SecurityAudit"},
			},
		}, pulumi.Provider(production))
		if err != nil {
			return err
		}
		_, err = crossaccountaccess.NewAssumeRoleGrant(ctx, "audit-alice", &crossaccountaccess.AssumeRoleGrantArgs{
			Principal: crossaccountaccess.PrincipalArgs{User: alice.Name, Label: pulumi.StringRef("alice")},
			RoleArns:  pulumi.StringMap{"audit": audit.RoleArn},
		}, pulumi.Provider(people))
		if err != nil {
			return err
		}

		// One grant among many accounts; staging's part is made elsewhere.
		workloads := []string{"workloads"}
		everywhere, err := crossaccountaccess.NewMultiAccountAccess(ctx, "everywhere", &crossaccountaccess.MultiAccountAccessArgs{
			Accounts: map[string]crossaccountaccess.AccountSettingsArgs{
				"people":     {Provider: people},
				"production": {Provider: production, Groups: workloads},
				"staging":    {AccountId: pulumi.StringRef("333333333333"), Groups: workloads},
			},
			Grants: map[string]crossaccountaccess.GrantArgs{
				"view": {
					Source:       pulumi.StringRef("people"),
					Destinations: workloads,
					Principals:   []crossaccountaccess.PrincipalArgs{{User: alice.Name, Label: pulumi.StringRef("alice")}},
					Role:         &crossaccountaccess.RoleSettingsArgs{ManagedPolicies: []string{"job-function/ViewOnlyAccess"}},
				},
			},
		})
		if err != nil {
			return err
		}

		ctx.Export("user", alice.Name)
		ctx.Export("roleArn", team.RoleArns.MapIndex(pulumi.String("read-only")))
		ctx.Export("switchRoleUrl", team.SwitchRoleUrls.MapIndex(pulumi.String("read-only")))
		ctx.Export("auditRoleArn", audit.RoleArn)
		ctx.Export("viewRoleArns", everywhere.RoleArns.MapIndex(pulumi.String("view")))
		return nil
	})
}

// account gives an account's provider by its profile.
func account(ctx *pulumi.Context, profile string) (*aws.Provider, error) {
	return aws.NewProvider(ctx, profile, &aws.ProviderArgs{
		Profile: pulumi.String(profile),
		Region:  pulumi.String("us-east-1"),
	})
}
