const readline = require('node:readline');
const { minute, UserError } = require('./run');

/** How long a question waits for its answer, in ms. */
const patience = 10 * minute;

/**
 * Asks questions where the command was started; answers may also be piped in, a line each.
 * @returns { ask(question, otherwise): Promise<string>, close() }: `otherwise` says what to do where
 *   nobody answers
 */
function openQuestions(input = process.stdin, limit = patience) {
	// Not as a terminal: that would take Ctrl-C away from the rest of the command.
	const lines = readline.createInterface({ input, terminal: false });
	const read = [];
	let over = false;
	let wake = () => {};
	lines.on('line', (line) => {
		read.push(line.trim());
		wake();
	});
	lines.on('close', () => {
		over = true;
		wake();
	});
	const next = async () => {
		if (read.length === 0 && !over) {
			let timer;
			await new Promise((resolve) => {
				wake = resolve;
				timer = setTimeout(resolve, limit);
			});
			clearTimeout(timer);
		}
		return read.shift();
	};
	return {
		async ask(question, otherwise) {
			for (;;) {
				process.stdout.write(question);
				const answer = await next();
				if (answer === undefined) {
					const why = over ? 'nobody is here to answer' : `waited ${limit / minute} min in vain`;
					throw new UserError(`"${question.trim()}": ${why}. ${otherwise}`);
				}
				if (answer !== '') return answer;
			}
		},
		close() {
			lines.close();
			input.unref?.();
		},
	};
}

module.exports = { openQuestions };
