// Access across accounts: both halves at once, each account's half by itself, and many accounts.
import * as aws from "@pulumi/aws";
import {
    AssumeRoleGrant, CrossAccountAccess, MultiAccountAccess, TrustedRole,
} from "@pulumi/cross-account-access";

const people = new aws.Provider("people", { profile: "people", region: "us-east-1" });
const production = new aws.Provider("production", { profile: "production", region: "us-east-1" });
const alice = new aws.iam.User("alice", {}, { provider: people });

// Both halves.
const team = new CrossAccountAccess("team", {
    sourceProvider: people,
    destinationProvider: production,
    grants: {
        "read-only": {
            // A name that is an Output needs a plain label: resources are called by it.
            principals: [{ user: alice.name, label: "alice" }],
            role: { managedPolicies: ["ReadOnlyAccess"] },
            conditions: { mfa: true },
        },
    },
});

// The same by each account's own half.
const audit = new TrustedRole("audit", {
    sourceAccountId: "111111111111",
    principals: [{ arn: alice.arn, uniqueId: alice.uniqueId, label: "alice" }],
    role: { name: "audit", managedPolicies: ["SecurityAudit"] },
}, { provider: production });
new AssumeRoleGrant("audit-alice", {
    principal: { user: alice.name, label: "alice" },
    roleArns: { audit: audit.roleArn },
}, { provider: people });

// One grant among many accounts; staging's part is made elsewhere.
const everywhere = new MultiAccountAccess("everywhere", {
    accounts: {
        people: { provider: people },
        production: { provider: production, groups: ["workloads"] },
        staging: { accountId: "333333333333", groups: ["workloads"] },
    },
    grants: {
        view: {
            source: "people",
            destinations: ["workloads"],
            principals: [{ user: alice.name, label: "alice" }],
            role: { managedPolicies: ["job-function/ViewOnlyAccess"] },
        },
    },
});

export const user = alice.name;
export const roleArn = team.roleArns.apply(arns => arns["read-only"]);
export const switchRoleUrl = team.switchRoleUrls.apply(urls => urls["read-only"]);
export const auditRoleArn = audit.roleArn;
export const viewRoleArns = everywhere.roleArns.apply(arns => arns["view"]);
