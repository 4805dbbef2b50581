package org.edgeprune.cli;

import picocli.CommandLine.Command;

/** {@code edgeprune tracr}: transformers compiled from RASP programs, whose circuits are known. */
@Command(
        name = "tracr",
        description = {
            "Compile RASP programs to transformers, and compare circuits with the known ground truth.",
            "A compiled model works with every other command: prune --model DIR --task tracr."
        },
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {TracrCompileCommand.class, TracrCheckCommand.class, TracrSuiteCommand.class},
        footerHeading = "%nExamples:%n",
        footer = {
            "  edgeprune tracr compile reverse --vocab 1,2,3 --max-len 5 -o out/reverse",
            "  edgeprune prune --model out/reverse --task tracr-reverse --out out/run",
            "  edgeprune tracr check out/run",
            "  edgeprune tracr suite --out out/suite"
        })
final class TracrCommand {}
